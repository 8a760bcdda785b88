"""A batch of ten thousand stub jobs: submitted, finished, counted, downloaded; against single jobs in the same run."""
