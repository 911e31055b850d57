"""What every venue needs and no venue is named in: sockets, REST, budgets, streams, accounts."""
