"""Pure rules of the trial: mode, consent, enrolment, randomisation, audit."""
