//! Quantisation: the example models, every pattern of a graph, random networks, files, and what is refused.

mod blocks;
mod builder;
mod convolutions;
mod embeddings;
mod files;
mod fixtures;
mod functions;
mod large;
mod like;
mod maps;
mod models;
mod normalised;
mod patterns;
mod planes;
mod precision;
mod products;
mod quotients;
mod random;
mod records;
mod references;
mod refusals;
mod trees;
