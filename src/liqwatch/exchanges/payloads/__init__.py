"""What venues say: the shapes of their messages, and how those become our nouns. Pure, without sockets."""
