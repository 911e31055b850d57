"""The parts of the Telegram channel: one call, one message, buttons, and the people who answer."""
