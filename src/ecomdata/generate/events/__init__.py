"""Events: causes that are planted in a shop, and what they did."""
