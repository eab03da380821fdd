"""Join the files, the codes and the network; return values, and never print."""
