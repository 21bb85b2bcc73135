"""Agent and relay as processes that are killed with kill -9, and a checker of what they leave."""
