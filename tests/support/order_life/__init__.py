"""Orders that live: the simulated shop, the relay's orders lane and an ERP on paper, in memory."""
