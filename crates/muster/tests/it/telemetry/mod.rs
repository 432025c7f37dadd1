//! What the whole program tells of itself: read where it leaves, by a receiver that is not ours.

mod abroad;
mod absent;
mod again;
mod arrows;
mod budget;
mod canary;
mod exported;
mod kinds;
mod listed;
mod marks;
mod sink;
mod tables;
mod trouble;
mod wide;
