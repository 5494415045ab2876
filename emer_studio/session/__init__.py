"""Plan, runner and presenter: what happens to a participant, in order."""
