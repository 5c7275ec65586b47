"""What is said for `voice_words`: sentences about an agent's document, and all else that its callers come up with.

`DEVELOPMENT` is what the weights of the transcriber's models are chosen on; nothing is chosen on the other sets.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Callers:
    """A business's document, and what is said to it."""

    document: str
    about: tuple[str, ...]
    other: tuple[str, ...]


HELD_OUT = (
    Callers(
        """# Menu
Lasagna al forno: 14.50. Mushroom risotto: 16.00. Tiramisu: 7.50. Grilled salmon with lemon: 21.00.
# Opening hours
We are open Tuesday to Saturday from 17:00 to 23:00. On Sunday we close at 21:00. Monday is our day of rest.
# Dogs and parking
Dogs are welcome on the terrace. Guests park for free behind the house. There is a lift and a ramp at the side door.
""",
        (
            "are you open on monday evening",
            "how late are you open on saturday night",
            "is the grilled salmon served with lemon",
            "what does the tiramisu cost please",
            "can we sit on the terrace with two dogs",
            "where can i park my car behind the house",
            "i need a table for six people on friday",
            "could we come at half past eight on saturday",
            "please change my reservation to seven people",
            "i want to cancel my table for tomorrow",
            "do you have a table on the terrace tonight",
            "is there a ramp at the side door",
            "we would like the mushroom risotto and the lasagna",
            "what time do you open on tuesday",
            "my phone number is five five five two three four one",
            "may i speak to a person please",
        ),
        (
            "are the gluten free dishes kept apart in the kitchen",
            "we might be fifteen minutes late tonight",
            "is it possible to sit outside when it rains",
            "my mother cannot climb stairs",
            "which fish do you serve this week",
            "i would like to order something to take home",
            "could you bring a cake for a birthday",
            "do you charge a fee if we do not come",
            "our flight was delayed so we need a later table",
            "what kind of wine goes with the salmon",
            "it is for nine of us including three children",
            "sorry i called the wrong number",
        ),
    ),
    Callers(
        """# Rooms
Double room with garden view: 140.00 a night. Family suite with two bedrooms: 220.00. Breakfast buffet: 18.00.
# Arrival
Check-in is from 3 pm, check-out until 11 am. Late arrival is possible with the night porter.
# House
Indoor pool and sauna are open from 7 am to 10 pm. The shuttle to the airport leaves every hour. Small dogs are welcome
for 15.00 a night.
""",
        (),
        (
            "does the double room have a view of the garden",
            "could you tell me when breakfast is served",
            "how do i get to the hotel from the airport",
            "we will arrive after midnight is that all right",
            "my husband would rather have a quiet room",
            "is the pool warm enough for children",
            "can we leave our bags with you until the evening",
            "i forgot my coat in the room this morning",
            "how much extra would it be for a small dog",
            "please send someone to look at the shower",
            "we would like to stay one more night",
            "do you have a room with two single beds",
        ),
    ),
)
FURTHER = (
    Callers(
        """# Rooms and prices
Single room: 85.00 a night.
Twin room with balcony: 130.00.
Honeymoon suite with whirlpool: 290.00.
Extra bed: 30.00.
# Meals
Breakfast from 6:30 to 10:30, on Sundays until noon.
Half board is 28.00 per person.
The rooftop bar serves cocktails.
# Services
Bicycles can be rented at reception for 12.00 a day.
Laundry is returned within 24 hours.
The underground garage costs 16.00 a day.
Meeting rooms for up to forty people with projector.
""",
        (
            "how much is the twin room with a balcony",
            "can we rent bicycles at the reception",
            "is half board possible for two of us",
            "what does the underground garage cost per day",
            "until what time is breakfast on sunday",
            "i need a meeting room with a projector for twenty people",
            "is there an extra bed for our son",
            "does the rooftop bar serve cocktails",
        ),
        (
            "we are celebrating our tenth anniversary",
            "the people next door are very loud",
            "i cannot find my passport anywhere",
            "could you call us a taxi for six in the morning",
            "my suitcase has not arrived yet",
            "is it far to walk to the old town",
            "the heating does not seem to work",
            "i would like to surprise my girlfriend",
            "we have changed our minds about the second week",
            "somebody has taken my seat at the table",
        ),
    ),
    Callers(
        """# Listings
Oak Street: three bedroom townhouse with garden and garage, 420,000.
Harbor View: two bedroom apartment on the fifth floor with elevator, rent 1,450 a month plus utilities.
Willow Lane: detached house with basement and solar panels, 615,000.
# Viewings
Viewings are on Wednesday afternoons and Saturday mornings.
Please bring proof of income and identification.
# Costs
The deposit is two months of rent.
Our commission is three percent of the purchase price.
Pets are allowed at Harbor View on request.
""",
        (
            "is the townhouse on oak street still for sale",
            "how high is the rent at harbor view",
            "can i view the apartment on saturday morning",
            "does the house on willow lane have a basement",
            "how much is the deposit",
            "are pets allowed in the apartment",
            "what is your commission",
            "which papers do i need to bring to the viewing",
        ),
        (
            "we are looking for something closer to the school",
            "my husband got a new job in the city",
            "i would have to sell my own place first",
            "how old is the kitchen",
            "what are the neighbors like",
            "we want to move before the winter",
            "the bank has not given us an answer yet",
            "can my parents come and see it too",
            "it is a little more than we can afford",
            "i saw your sign in the window",
        ),
    ),
    Callers(
        """# Deliveries
Drivers report to the warehouse at gate seven.
Unloading takes place between 5:00 and 14:00.
The loading dock takes trailers up to fifty three feet.
# Delays
Report delays, breakdowns and accidents to dispatch at once with the truck number and the load number.
A flat tire is repaired by the road service within two hours.
# Paperwork
The bill of lading is signed by the receiver.
Pallets are exchanged one for one.
Refrigerated freight must be kept at thirty six degrees.
""",
        (
            "i am at gate seven and nobody is here",
            "my trailer has a flat tire",
            "who signs the bill of lading",
            "the refrigerated freight is at forty degrees",
            "when does unloading start tomorrow",
            "i need to report a breakdown of my truck",
            "do you exchange the pallets",
            "how long does the road service take",
        ),
        (
            "traffic has not moved for an hour",
            "i took a wrong turn after the bridge",
            "the police have closed the road",
            "my phone is about to die",
            "the customer says he never ordered this",
            "i have been driving since midnight",
            "they told me to come back in the afternoon",
            "one of the boxes is wet",
            "it is snowing hard up here",
            "i hit a deer but i am fine",
        ),
    ),
)
DEVELOPMENT = (
    Callers(
        """# Treatments
Check-up and cleaning: 95.00.
Teeth whitening: 280.00.
Root canal treatment from 650.00.
Crowns and bridges on request.
Braces for teenagers: consultation 60.00.
# Surgery hours
Monday to Thursday from 8:00 to 18:00, Friday until 13:00.
Emergency appointments every morning at 8:30.
We are closed on public holidays.
# Payment
We work with all private and public insurances.
The insurance card is needed at the first visit.
Invoices can be paid within thirty days or in instalments.
# Finding us
Our surgery is on the second floor above the pharmacy.
The bus stops in front of the door.
""",
        (
            "how much is a teeth whitening",
            "do i need my insurance card at the first visit",
            "can i pay the invoice in instalments",
            "is there an emergency appointment this morning",
            "what does a root canal treatment cost",
            "are you open on friday afternoon",
            "on which floor is the surgery",
            "i would like to book a check up and a cleaning",
            "do you do braces for teenagers",
            "does the bus stop in front of your door",
        ),
        (
            "my daughter fell off her bike and broke a tooth",
            "is it going to hurt",
            "i am allergic to penicillin",
            "the pain started last night after dinner",
            "could you send me a reminder the day before",
            "i lost the letter that you sent me",
            "is there anything earlier than next month",
            "will i be able to drive afterwards",
            "my old dentist has retired",
            "do you speak spanish",
            "i have to pick up my kids at four",
            "can you give me something for the pain",
            "i am a little nervous about this",
            "we just moved here from chicago",
            "let me check my calendar",
        ),
    ),
    Callers(
        """# Pizzas
Margherita: 9.50.
Pepperoni: 11.00.
Hawaiian with ham and pineapple: 11.50.
Four cheese: 12.00.
Vegan garden pizza with artichokes and peppers: 12.50.
Gluten free crust for 2.00 more.
# Delivery
We deliver within five miles, the delivery fee is 3.00, free for orders over 30.00.
Delivery takes 35 to 50 minutes.
Collection is ten percent cheaper.
# Sides
Garlic bread: 4.00.
Onion rings: 4.50.
Caesar salad: 7.00.
Chocolate brownie: 5.00.
Soft drinks: 2.50.
""",
        (
            "i would like a large pepperoni and a margherita",
            "how much is the hawaiian pizza with pineapple",
            "do you have a gluten free crust",
            "how long does the delivery take",
            "is the delivery free for thirty dollars",
            "can i get garlic bread and onion rings with that",
            "is there a vegan pizza with artichokes",
            "how many miles do you deliver",
            "is it cheaper if i collect it",
            "a caesar salad and two soft drinks please",
        ),
        (
            "you forgot one of the drinks",
            "the driver cannot find our building",
            "it is the blue house on the corner",
            "please ring the bell twice",
            "i ordered an hour ago and nothing has come",
            "can i add something to my order",
            "everything was cold when it arrived",
            "do you take cash",
            "what was the total again",
            "leave it with the neighbor please",
            "we are having a party next weekend",
            "how hot is the chili sauce",
            "my son is allergic to nuts",
            "i gave you the wrong address",
            "is this still available",
        ),
    ),
    Callers(
        """# Services
Oil change: 79.00.
Brake pads front axle: 190.00.
Tyre change: 45.00, storage of winter tyres 60.00 per season.
Annual inspection: 120.00.
Air conditioning service: 110.00.
Battery replacement from 140.00.
# Loan cars
A loan car is available for 25.00 a day.
Please bring your driving licence.
# Towing
Towing within the city costs 90.00.
Our tow truck is available around the clock.
# Hours
Drop off your car from 7:00 in the morning.
The workshop closes at 17:30, on Saturdays at noon.
""",
        (
            "what does an oil change cost",
            "i need new brake pads for the front axle",
            "can you store my winter tyres",
            "is there a loan car for tuesday",
            "do you tow cars at night",
            "when can i drop off my car in the morning",
            "my battery is dead and i need a replacement",
            "how much is the annual inspection",
            "the air conditioning needs a service",
            "is the workshop open on saturday",
        ),
        (
            "there is a strange noise when i turn left",
            "the engine light came on this morning",
            "i had an accident on the highway",
            "somebody hit me from behind",
            "how long will you keep it",
            "is it safe to keep driving",
            "my wife will pick it up after work",
            "can you have a look at it today",
            "it will not start when it is cold",
            "who do i have to talk to about the bill",
            "the windows do not go down anymore",
            "do you buy used cars",
            "i think i left my glasses on the seat",
            "please do not do anything before you call me",
            "what would you do in my place",
        ),
    ),
    Callers(
        """# Prices
Ladies cut and blow dry: 55.00.
Gentlemen's haircut: 32.00.
Highlights: from 90.00.
Balayage: 160.00.
Perm: 85.00.
Manicure: 35.00.
Children under ten: 20.00.
# Team
Valentina does colour, Marcus cuts beards, Sophie does wedding hairstyles at the salon or at your home.
# Rules
Appointments can be cancelled free of charge until 24 hours before.
Gift vouchers are sold at the counter.
""",
        (
            "how much is a balayage",
            "is valentina free on thursday for a colour",
            "i would like a ladies cut and blow dry",
            "can marcus trim my beard",
            "do you sell gift vouchers",
            "what do highlights cost",
            "can sophie come to my home for a wedding hairstyle",
            "until when can i cancel my appointment",
            "how much is a haircut for children under ten",
            "i want to book a manicure for two",
        ),
        (
            "i am going to be ten minutes late",
            "the last time it was much too short",
            "do you remember what we did in march",
            "my hair is very long and thick",
            "can i bring a friend along",
            "i want to look good for my graduation",
            "is there somewhere to wait for my husband",
            "how do i get there from the train station",
            "could we do it a bit earlier",
            "which products do you use",
            "i do not really know what i want",
            "something easy to take care of",
            "my skin is quite sensitive",
            "i will think about it and call you back",
            "have you got anything left before christmas",
        ),
    ),
)
