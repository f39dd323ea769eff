"""What is to be done before anything runs: the graph of cells, tables and figures, what each costs and asks for."""
