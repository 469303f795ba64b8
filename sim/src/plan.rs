//! Plans: what a seed makes of a town. (Grows in this file.)
