"""The words that a shop is made of, shipped as data so that no library decides them."""
