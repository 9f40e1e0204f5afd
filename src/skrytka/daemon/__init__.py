"""Layer 6: composition root. Settings become parts, parts become roles of processes; only this code knows them all."""
