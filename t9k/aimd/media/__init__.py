"""What `trial.log_image` and its like do with what they are given. No library is imported before it is needed."""
