"""Where alert state and the outbox live: `sqlite` keeps them over a crash, `memory` for tests and the demo.

Both run the same SQL (`alerts`, `outbox`, `notes`), so that what a test sees in memory is what the disk does.
"""
