"""The life of an alert: a transition table that runs, policy, routing and wording. Pure."""
