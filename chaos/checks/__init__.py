"""What must hold of a whole run, beside what must hold of every single job."""
