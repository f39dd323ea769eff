"""What people read: the ledger of claims, the catalog, pages, the report as a PDF, the README, published results."""
