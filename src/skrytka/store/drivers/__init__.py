"""One driver an engine: compiles statements, drives generators, maps errors. Only the store imports them."""
