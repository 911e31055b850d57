"""What people and machines look at: the control socket, metrics, logs, the process supervisor."""
