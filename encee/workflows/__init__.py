"""What joins the files, the code and the network. Workflows return values and never print."""
