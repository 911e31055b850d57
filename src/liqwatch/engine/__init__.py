"""The asyncio shell around the pure core. Knows ports, never adapters; `bootstrap` hands it everything."""
