"""What Sofía may say: entries, embeddings and search."""
