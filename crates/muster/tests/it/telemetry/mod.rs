//! What the whole program tells of itself: read where it leaves, by a receiver that is not ours.

mod abroad;
mod absent;
mod again;
mod arrows;
mod budget;
mod canary;
mod counts;
mod engines;
mod exported;
mod kinds;
mod listed;
mod marks;
mod people;
mod sink;
mod tables;
mod trouble;
mod wide;
