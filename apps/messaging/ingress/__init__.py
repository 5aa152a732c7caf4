"""How a webhook gets into the ledger: find the account, prove the sender, store the bytes. No HTTP and no parsing here.

`deliveries` holds the rules as plain functions; `directory` finds accounts and `writer` stores events, both for the
event loop; `receive_now` does the same on the calling thread, for whoever comes through Django.
"""

from apps.messaging.ingress.deliveries import Accepted, Delivery
from apps.messaging.ingress.receiving import receive, receive_now, verify_challenge, verify_challenge_now

__all__ = ["Accepted", "Delivery", "receive", "receive_now", "verify_challenge", "verify_challenge_now"]
