"""Channel accounts and provider adapters. Knows no lead."""
