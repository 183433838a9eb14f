"""What changed, why, for whom, how sure: findings over the final tables, each with its proof."""
