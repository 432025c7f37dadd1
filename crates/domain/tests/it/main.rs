//! Stories and properties of the rules, told from outside.

#[cfg(test)]
mod notices;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod schedule;
#[cfg(test)]
mod seats;
#[cfg(test)]
mod world;
