//! Lowers tensor relations to rank-1 constraints.
//!
//! ```text
//! first round    weights │ columns of tensors │ expressions of the others │ relations │ multiplicities of the tables
//! second round   contractions by powers of a challenge │ lookups
//! ```
//! A [`NetworkCircuit`] is a [`TensorSystem`] and a [`Plan`]: the plan says how each table is proven, everything else follows
//! from the system. With the values of a [`SystemWitness`] it is the circuit of a proof, without them that of a key.
//!
//! | relation | constraints |
//! |---|---|
//! | linear | none where it is solved for a tensor, one for each entry otherwise |
//! | contract | by limbs, see [`Tile`], or by powers of a challenge, see [`Powers`] |
//! | product | one for each entry |
//! | vanish | one less than there are entries, for each group; one for a group of one |
//! | lookup | as planned, see [`Strategy`] |
//! | select | one more than a row has words, for each row and each key, and one |
//! | hash | three for each S-box, and one |
//! | publish | one for each word |
//!
//! Every statement word is read by some relation, or the system is refused. Both challenges are multiplied with each other, so that
//! neither is ever a column that nothing reads.

mod columns;
mod contract;
mod cost;
mod layout;
mod lookup;
mod plan;
mod relations;
mod select;
mod window;

use thiserror::Error;

pub use contract::{ContractMethod, Powers, Tile};
pub use cost::{RelationCost, Report};
pub use plan::{Multiply, Plan, Strategy};

use self::columns::{Values, allocate_weights};
use self::contract::PowerTable;
use self::layout::Layout;
use self::lookup::Tables;
use self::relations::Lowering;
use crate::field::Fr;
use crate::gadgets::logup::{self, CHALLENGES, Sealed};
use crate::gadgets::selection::SealedSelection;
use crate::parameters::Parameters;
use crate::r1cs::{Circuit, Expression, FirstRound, SecondRound, WitnessBuilder};
use crate::system::{Blindings, SystemWitness, TensorSystem};

/// Why a tensor system has no circuit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LowerError {
    /// Packed sums of entries without bound would not be unique.
    #[error("nothing bounds the entries of `{tensor}`: look them up in a range")]
    Unbounded {
        /// Name of the tensor.
        tensor: String,
    },
    /// A statement word could be anything.
    #[error("no relation reads statement word {word}")]
    FreeWord {
        /// Index of the word.
        word: usize,
    },
    /// A lookup of keys alone in a table with values, or of pairs in a range.
    #[error("relation {relation} looks up values in a table that has none, or keys alone in a table that has values")]
    Lookup {
        /// Index of the relation.
        relation: usize,
    },
    /// The plan was made for another system.
    #[error("the plan does not fit: {reason}; plan this system afresh")]
    Plan {
        /// What does not fit.
        reason: String,
    },
}

/// The circuit of a network.
pub struct NetworkCircuit<'a> {
    system: &'a TensorSystem,
    plan: &'a Plan,
    layout: Layout,
    values: Values<'a>,
}

impl<'a> NetworkCircuit<'a> {
    /// The circuit without values, for its shape.
    pub fn new(system: &'a TensorSystem, plan: &'a Plan) -> Result<Self, LowerError> {
        let layout = Layout::of(system, plan)?;
        Ok(Self { system, plan, layout, values: Values::absent() })
    }

    /// The circuit of a proof.
    pub fn with_witness(mut self, witness: &'a SystemWitness, blindings: Blindings<'a>) -> Self {
        self.values = Values::of_witness(witness, blindings);
        self
    }

    /// What each relation costs, and how it is proven.
    pub fn report(&self) -> Report {
        Report::of(self.system, self.plan, &self.layout)
    }
}

/// The weight columns of a model, in order: what its registration commits to.
pub fn weights(system: &TensorSystem, plan: &Plan, parameters: &Parameters) -> Result<Vec<Fr>, LowerError> {
    let layout = Layout::of(system, plan)?;
    let mut builder = WitnessBuilder::default();
    allocate_weights(&mut builder, system, &layout, &Values::of_parameters(system, parameters));
    Ok(builder.weight().to_vec())
}

/// What the first round leaves for the second.
pub struct Pending<E> {
    contractions: Vec<contract::Pending<E>>,
    tables: Vec<Sealed<E>>,
    selections: Vec<SealedSelection<E>>,
}

impl Circuit for NetworkCircuit<'_> {
    type Pending<E: Expression> = Pending<E>;

    fn words(&self) -> usize {
        self.system.words
    }

    fn challenges(&self) -> usize {
        CHALLENGES
    }

    fn first_round<B: FirstRound>(&self, builder: &mut B) -> Pending<B::Expr> {
        let weights = allocate_weights(builder, self.system, &self.layout, &self.values);
        let tensors = columns::expressions(builder, self.system, &self.layout, &self.values, weights);
        let chunks = self.plan.chunks();
        let mut tables = Tables::new(self.system, self.plan, &chunks);
        let Self { system, layout, values, .. } = self;
        let (contractions, selections) = Lowering { system, layout, values, tensors }.enforce(builder, &mut tables);
        let selections = selections.into_iter().map(|selection| selection.seal(builder)).collect();
        Pending { contractions, tables: tables.seal(builder), selections }
    }

    fn second_round<B: SecondRound>(&self, pending: Pending<B::Expr>, builder: &mut B) {
        let (x, y) = (builder.challenge(0), builder.challenge(1));
        builder.product(&x, &y);
        let powers = PowerTable::new(builder, self.layout.degree(self.system));
        contract::enforce(builder, &powers, pending.contractions);
        logup::enforce(builder, pending.tables, pending.selections);
    }
}
