// Memory of tensors is counted in one pool for the whole process, and times are compared: one after the other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
