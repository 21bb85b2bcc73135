"""Power cuts under the product's own SQLite."""
