"""Why a network scored a node as it did, and where in the CT (pure: no Django)."""
