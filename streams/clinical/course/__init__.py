"""The course of sepsis by days: immune state, and infections that come later."""
