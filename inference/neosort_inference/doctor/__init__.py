"""What a technician on the phone is asked first: one line for everything that a sorting line stands on."""
