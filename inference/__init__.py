"""The worker: runs shards of canonical models and answers for them; reaches the chain only through chain.client."""
