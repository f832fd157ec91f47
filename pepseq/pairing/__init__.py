"""Two families of proteins that interact: which member of one pairs with which of the other."""
