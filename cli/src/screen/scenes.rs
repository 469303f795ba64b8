//! Scenes of the screen.
