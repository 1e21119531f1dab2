"""HTTP: paths, who may call them, and the form of requests and answers. What is done is in the services."""
