"""All SQL: one repository a subject, one set for both databases."""
