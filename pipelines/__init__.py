"""How stages are run: plan, engine, storage, ledger, report and command line."""
