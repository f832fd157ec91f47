"""From reads to complete proteins: templates, the network, and both combined."""
