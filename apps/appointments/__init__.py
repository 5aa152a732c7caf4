"""Visits: slots, bookings, reminders and calendars."""
