"""Read models: pure folds over recorded events, one module a read model. No SQL, no clock."""
