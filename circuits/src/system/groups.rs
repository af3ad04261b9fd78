//! Groups of entries: the windows of a pooling layer.

/// Lists of entries of a tensor, each with at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    members: Vec<u32>,
    /// Where each list ends.
    ends: Vec<u32>,
}

impl Groups {
    /// Adds a list.
    pub fn push(&mut self, members: impl Iterator<Item = u32>) {
        self.members.extend(members);
        self.ends.push(self.members.len() as u32);
    }

    /// All lists one after the other.
    pub fn members(&self) -> &[u32] {
        &self.members
    }

    /// Number of lists.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no lists.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The lists.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> + Clone {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.members[start as usize..end as usize])
    }

    /// Lists of the same lengths, of the entries 0, 1, … in order.
    pub fn in_order(&self) -> Self {
        Self { members: (0..self.members.len() as u32).collect(), ends: self.ends.clone() }
    }

    /// Which list each entry is in, where every entry is in exactly one.
    pub fn inverse(&self) -> super::IndexMap {
        let mut lists = vec![super::IndexMap::NONE; self.members.len()];
        for (list, members) in self.iter().enumerate() {
            members.iter().for_each(|&member| lists[member as usize] = list as u32);
        }
        super::IndexMap::Gather(lists)
    }

    /// The largest of the `entries` of each list.
    pub fn largest(&self, entries: &[i64]) -> Vec<i64> {
        let largest = |group: &[u32]| group.iter().map(|&member| entries[member as usize]).max().unwrap_or_default();
        self.iter().map(largest).collect()
    }
}
