"""Partners, orders and products of a broker's Odoo."""
