"""The proof: power cuts, kills, a hostile wire, full disks, jumping clocks, and what must hold."""
