"""Products: what they cost, how they sell, and the baskets that hold them."""
