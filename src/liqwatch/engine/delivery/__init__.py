"""From the outbox to people.

`dispatch` runs a worker for each channel; `channel_queue` leases, sends and settles; `pace` says when a channel may
speak; `envelope` makes one message of rows; `outcome` says what follows an attempt; `self_test` asks every channel
once a day.
"""
