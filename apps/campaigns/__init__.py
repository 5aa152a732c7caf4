"""Service campaigns (numbers, agents, bot, queue) and outreach campaigns (steps sent to leads)."""
