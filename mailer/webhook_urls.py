"""The addresses providers post to: `webhooks/<provider>/tracking/`, named `<provider>_tracking`."""

from django.urls import path

from mailer import webhooks

_TRACKING = {
    "amazon_ses": webhooks.AmazonSesEvents,
    "brevo": webhooks.BrevoEvents,
    "mailersend": webhooks.MailerSendEvents,
    "mailgun": webhooks.MailgunEvents,
    "mailjet": webhooks.MailjetEvents,
    "mailtrap": webhooks.MailtrapEvents,
    "mandrill": webhooks.MandrillPosts,
    "postal": webhooks.PostalEvents,
    "postmark": webhooks.PostmarkEvents,
    "resend": webhooks.ResendEvents,
    "sendgrid": webhooks.SendGridEvents,
    "sparkpost": webhooks.SparkPostEvents,
    "unisender_go": webhooks.UnisenderGoEvents,
}

urlpatterns = [
    path(f"{provider}/tracking/", view.as_view(), name=f"{provider}_tracking")
    for provider, view in _TRACKING.items()
]
