"""DeepENE, pure: a node's CT and mask in, metastasis and ENE scores out (no Django)."""
