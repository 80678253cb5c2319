"""One verb a file: a command and a unit of work in, a result out."""
