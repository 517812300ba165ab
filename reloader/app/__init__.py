"""The composition root: one module for each way to use the engine, and ``wiring``, which builds it for all of them."""
