"""HTTP: paths, who may call them, and the form of requests and answers. The work is done in the services."""
